"""The staff pages: campaigns, look-ups and what needs a person, in a browser."""
