"""The parts of the bot as the composition root puts them together: one module for each, made of those before it."""
