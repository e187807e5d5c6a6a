"""What is handed out: the course, or a part of it, as those get it who write the answers."""
