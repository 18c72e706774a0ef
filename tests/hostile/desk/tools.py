"""Tools of the workshop that are code: sound ones, and one that breaks."""


async def form(episode, **fields):
    """What was filled in, and how often that was."""
    episode.memory["forms"] = episode.memory.get("forms", 0) + 1
    return {"forms": episode.memory["forms"], "fields": fields}


def draw(among, episode):
    """One of several, by the episode's own stream, from a thread."""
    episode.state["shop"].execute("INSERT INTO notes (text) VALUES ('drawn')")
    return episode.random.choice(among) if among else None


def wobbly(text):
    """A tool whose author made a mistake."""
    raise RuntimeError(text)
