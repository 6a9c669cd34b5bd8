"""The only root: settings become objects here, and one loop takes each a step on."""
