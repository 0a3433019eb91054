"""What the benches are held against, each in the fastest form that its own documentation offers."""
