"""What a collection holds on disk: its paths, its lock, and the state behind the frontier."""
