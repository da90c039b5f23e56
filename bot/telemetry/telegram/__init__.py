"""A Telegram bot: what stands, and commands that can only ask or take risk away, for chats that are listed."""
