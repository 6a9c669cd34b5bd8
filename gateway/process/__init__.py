"""The gateway's two processes, direct and bridge: settings, roots and commands."""
