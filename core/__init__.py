"""The shared kernel: what every app stands on and no app owns."""
