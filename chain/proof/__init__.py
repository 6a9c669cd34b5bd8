"""What block headers and signatures prove by themselves. Pure."""
