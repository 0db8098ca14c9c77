"""What goes over the wire: one Struct for each kind of body."""
