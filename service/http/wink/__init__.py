"""Wink's direct checkout, answered exactly in its shapes: a shopping cart is a trip."""
