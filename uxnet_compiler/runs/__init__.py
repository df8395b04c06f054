"""What any long job keeps in a folder: its configuration, events, checkpoints, and how it stops."""
