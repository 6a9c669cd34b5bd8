"""The pages: server-rendered, in two languages, with one stylesheet and no build step."""
