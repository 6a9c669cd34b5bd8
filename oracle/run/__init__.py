"""The composition root: settings become objects here, and one loop steps each of them."""
