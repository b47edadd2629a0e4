"""The game adapters: real Gymnasium environments plus what a language model needs."""
