"""The same two networks in Keras, as the assignment asks for them."""
