"""Messages, modals and the App Home: state in, Block Kit out. Pure."""
