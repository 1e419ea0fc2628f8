"""From YAML files to definitions; the only validator there is, and every complaint names file and line."""
