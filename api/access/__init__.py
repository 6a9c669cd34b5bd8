"""Who is asking, and what may he see."""
