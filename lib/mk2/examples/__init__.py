"""Programs that show how the library is used, and are of use themselves."""
