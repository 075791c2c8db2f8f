"""The tour as one HTML file that needs neither a server nor the network."""

from html import escape

from itlim.components.tokens.html_page import content_policy, json_for_script, page_colors
from itlim.components.tour import assets
from itlim.components.tour.payload import TourStory, tour_payload


def tour_document(story: TourStory) -> str:
    """Write the tour as a self-contained HTML page; the arrow keys move between its steps.

    Args:
        story: what the tour says.

    Returns:
        The HTML document; it must be encoded as UTF-8.
    """
    style, script = page_colors() + assets.style_sheet() + _PAGE, assets.document_script()
    data = tour_payload(story) | {"step": 1}
    for step in data["steps"]:
        del step["link"]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{content_policy([script], style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(story.instruction)}</title>
<style>{style}</style>
</head>
<body>
<noscript><p>{escape(story.instruction)}</p><p>{escape(story.response)}</p>
<p>{escape(story.source.response)}</p><p>{escape(story.outcome)}</p></noscript>
{assets.markup()}
<script type="application/json" id="itlim-tour">{json_for_script(data)}</script>
<script>{script}</script>
</body>
</html>
"""


_PAGE = """
body { margin: 0; background: var(--page-ground); color: var(--page-ink); }
.tour { min-height: 100vh; padding: 4vh 6vw; box-sizing: border-box; }
"""
