"""The agents and chains of the demo, and the model that drives them."""
