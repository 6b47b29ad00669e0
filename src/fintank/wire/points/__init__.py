"""Line protocol and points for the database."""
