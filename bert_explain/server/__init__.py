"""The app behind a server: what every answer carries, who may talk to it, and how it is started."""
