"""`uxnet cache`: what is kept to save time, and where."""

from __future__ import annotations

import json

import click


@click.group("cache")
def command() -> None:
    """Show or clear what is kept to save time.

    Preprocessed images, facts about data sets and the like lie in the folder that the variable
    UXNET_CACHE names, otherwise in uxnet in the user's cache folder. They are found by the bytes
    they were made from, so nothing stale is ever used; all can be made again.
    """


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(*, as_json: bool) -> None:
    """Say where the cache is, and how large."""
    from uxnet_compiler.files import cache_folder, cache_rooms

    rooms = cache_rooms()
    if as_json:
        sizes = {room.path.name: {"files": room.files, "bytes": room.size_bytes} for room in rooms}
        click.echo(json.dumps({"folder": str(cache_folder()), "rooms": sizes}, indent=2))
        return
    click.echo(cache_folder())
    width = max((len(room.path.name) for room in rooms), default=0)
    for room in rooms:
        size = f"{room.size_bytes / 2**20:.1f} MiB"
        click.echo(f"  {room.path.name:<{width}}  {room.files:>6} files  {size:>12}")


@command.command("clear")
def clear() -> None:
    """Remove everything in the cache; a running job keeps what it has opened."""
    from uxnet_compiler.files import cache_rooms, clear_cache

    rooms = cache_rooms()
    clear_cache()
    freed = sum(room.size_bytes for room in rooms)
    click.echo(f"{sum(room.files for room in rooms)} files, {freed / 2**20:.1f} MiB")
