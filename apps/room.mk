# apps: every program, its man page, and the shipped model. Uses all rooms.
