"""The demo: a private GX with every daemon of this repository and a simulated device for each."""
