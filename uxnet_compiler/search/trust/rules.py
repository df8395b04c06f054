"""The rules that turn the numbers of a search into plain verdicts; each docstring is its rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from uxnet_compiler.search.decision import ASKED
from uxnet_compiler.search.trust.model import Decision, Level, Trust, Verdict

Finding = tuple[Level, str]
Rule = Callable[[Trust], Finding | None]

NOTHING, LITTLE = ASKED, 0.3
STILL, SLUGGISH = 0.01, 0.05
EVEN, WIDE = 0.98, 0.9
NOISE, WEAK = 1.0, 2.0
RISE, STEEP = 0.05, 0.15
GAP, WIDE_GAP = 0.05, 0.2
WAITING, STARVING = 0.1, 0.3


def verdicts(report: Trust) -> tuple[Verdict, ...]:
    """Apply every rule that has something to say."""
    found = [(name, rule(report)) for name, rule in RULES.items()]
    return tuple(
        Verdict(rule=name, level=finding[0], text=finding[1])
        for name, finding in found
        if finding is not None
    )


def _learning(report: Trust) -> Finding | None:
    """Bad when the mixture's Dice is below 0.1, doubt below 0.3: what finds nothing misses nothing.

    Small structures take a supernet hundreds of steps before it finds any of them.
    """
    if report.gap is None or report.gap.relaxed is None:
        return None
    dice = report.gap.relaxed
    text = f"The supernet's Dice is {dice:.3f}"
    if dice < NOTHING:
        return "bad", f"{text}: it finds next to nothing yet, so what it prefers is chance."
    if dice < LITTLE:
        return "doubt", f"{text}: it has not learned much yet; search longer."
    return "ok", f"{text}."


def _movement(report: Trust) -> Finding | None:
    """Bad when nothing drifted by 0.01 since the first record; doubt at a mean below 0.05."""
    drifts = [decision.drift for decision in report.decisions]
    if not drifts:
        return None
    if max(drifts) < STILL:
        return "bad", (
            "The search decided nothing: no gate and no preference moved by 0.01 since the start."
        )
    if fmean(drifts) < SLUGGISH:
        return "doubt", (
            f"Gates and preferences moved by {fmean(drifts):.3f} on average: hardly at all."
            " Longer, or with larger --alpha-lr and --beta-lr, they may go further."
        )
    return "ok", f"Gates and preferences moved by {fmean(drifts):.2f} on average."


def _ops(report: Trust) -> Finding | None:
    """Bad when the mean entropy of the choices ends above 0.98; doubt above 0.9.

    Doubt, too, when the single networks in which ops are tried have no Dice of 0.1: then they are
    not asked, and the reference ops stay.
    """
    left = [each.entropy for each in report.decisions if each.kind == "choice"]
    if not left:
        return None
    if report.singles is not None and report.singles < NOTHING:
        return "doubt", (
            f"Single networks find next to nothing (Dice {report.singles:.2f}), so no op was tried:"
            " the reference ops stay."
        )
    mean = fmean(left)
    text = f"The candidates of a choice end with {mean:.2f} of the entropy of equal ones"
    if mean > EVEN:
        return "bad", f"{text}: no op was preferred."
    if mean > WIDE:
        return "doubt", f"{text}: preferences are slight."
    return "ok", f"{text}."


def _wiring(report: Trust) -> Finding | None:
    """Doubt when no edge was cut, or edges had to be repaired."""
    kept, gates = report.edges
    if not gates:
        return None
    if report.repaired:
        edges = "edge was" if report.repaired == 1 else "edges were"
        return "doubt", (
            f"{report.repaired} {edges} kept against the threshold, since the output was cut off."
        )
    if kept == gates:
        return "doubt", (
            f"All {gates} gates are above tau = {report.tau:g}: no edge was cut, so that the wiring"
            " is that of the space."
        )
    return "ok", f"The network has {kept} of the {gates} edges with gates, at tau = {report.tau:g}."


def _cutting(report: Trust) -> Finding | None:
    """Bad when the mixture's loss rises by over 15 % without all edges that went; doubt above 5 %.

    None of them was shown to be worth its price, and what they were worth adds up.
    """
    if report.rise is None:
        return None
    change = f"{abs(report.rise):.1%} {'higher' if report.rise > 0 else 'lower'}"
    text = f"Without all edges that went, the mixture's loss is {change}"
    if report.rise > RISE:
        return ("bad" if report.rise > STEEP else "doubt"), f"{text}: a lower --price keeps more."
    return "ok", f"{text}."


def _evidence(report: Trust) -> Finding | None:
    """Bad when over half of the decisions have a strength below 1; doubt when over half below 2.

    Decisions without a strength, since they never moved or were recorded too rarely, do not count.
    """
    if not report.decisions:
        return None
    known = [each for each in report.decisions if each.strength is not None]
    if not known:
        return "doubt", "Too few records to tell evidence from noise: the search is too short."
    noise, weak = below(known, NOISE), below(known, WEAK)
    text = (
        f"Of {len(known)} decisions that moved, {noise} cannot be told from noise, and"
        f" {weak - noise} more are weak"
    )
    if 2 * noise > len(known):
        return "bad", f"{text}: another seed will decide most of them otherwise."
    if 2 * weak > len(known):
        return "doubt", f"{text}: compare several seeds (--seeds)."
    return "ok", f"{text}."


def below(decisions: Sequence[Decision], limit: float) -> int:
    """Count the decisions whose strength is known and below a limit."""
    return sum(each.strength is not None and each.strength < limit for each in decisions)


def _discretisation(report: Trust) -> Finding | None:
    """Bad when the genotype, made one-hot, loses over 0.2 of Dice against the mixture; doubt, 0.05.

    The mixture was trained and the single network was not: a loss says that the supernet's weights
    tell little about it, not that it is a bad network. A mixture that finds nothing has nothing to
    lose.
    """
    gap = report.gap
    if gap is None or gap.relaxed is None or gap.relaxed < NOTHING:
        return None
    lost = gap.relaxed - gap.one_hot
    text = (
        f"With the supernet's weights, Dice goes from {gap.relaxed:.3f} (mixture) to"
        f" {gap.one_hot:.3f} (the genotype alone)"
    )
    if lost > WIDE_GAP:
        return "bad", f"{text}: the search judged a mixture, not this network."
    if lost > GAP:
        return "doubt", f"{text}."
    return "ok", f"{text}: little is lost."


def _random(report: Trust) -> Finding | None:
    """Bad unless better than half of the random genotypes; ok when better than all; else doubt.

    All with the supernet's weights, on the same patches. Doubt, too, when none has a Dice of 0.1:
    then the weights say nothing of single networks.
    """
    gap = report.gap
    if gap is None or not gap.random:
        return None
    if max(gap.one_hot, *gap.random) < NOTHING:
        return "doubt", (
            "With the supernet's weights, neither the genotype nor a random one finds anything:"
            " whether it is better, training has to tell."
        )
    beaten = sum(gap.one_hot > dice for dice in gap.random)
    text = (
        f"With the supernet's weights, the genotype is better than {beaten} of"
        f" {len(gap.random)} random ones"
    )
    if beaten == len(gap.random):
        return "ok", f"{text}."
    if 2 * beaten > len(gap.random):
        return "doubt", f"{text}."
    return "bad", f"{text}: a draw would have done as well."


def _trained(report: Trust) -> Finding | None:
    """Bad when a random genotype, trained alike, is better by over two standard errors.

    Ok when the searched one is better than all random ones by as much; otherwise doubt. The
    errors are over held-out cases, for one training each: another training seed adds to them.
    """
    if report.comparison is None:
        return None
    drawn = [each for each in report.comparison.networks if each.name.startswith("random-")]
    if not drawn:
        return None
    best = min(drawn, key=lambda each: each.behind)
    side = "above" if best.behind >= 0 else "below"
    whom = "a random one" if len(drawn) == 1 else f"the best of {len(drawn)} random ones"
    text = (
        f"Trained alike, the genotype is {abs(best.behind):.4f} of Dice {side} {whom}"
        f" (standard error {best.behind_error:.4f})"
    )
    if best.behind < -2 * best.behind_error:
        return "bad", f"{text}: the search did not pay."
    if all(each.behind > 2 * each.behind_error for each in drawn):
        return "ok", f"{text}."
    return "doubt", f"{text}: no difference that one training each could show."


def _budget(report: Trust) -> Finding | None:
    """Doubt when the search was stopped before its end."""
    if report.resources.complete:
        return None
    return "doubt", "The search was stopped before its end; --resume goes on."


def _waiting(report: Trust) -> Finding | None:
    """Bad when over 0.3 of the time went by waiting for patches; doubt, over 0.1."""
    share = report.resources.waiting
    if share is None:
        return None
    text = f"{share:.0%} of the time went by waiting for patches"
    if share > STARVING:
        return "bad", f"{text}: reading and augmenting is the bottleneck."
    return ("doubt" if share > WAITING else "ok"), f"{text}."


RULES: dict[str, Rule] = {
    "learning": _learning,
    "movement": _movement,
    "ops": _ops,
    "wiring": _wiring,
    "cutting": _cutting,
    "evidence": _evidence,
    "discretisation": _discretisation,
    "random": _random,
    "trained": _trained,
    "budget": _budget,
    "waiting": _waiting,
}
"""In the order of the report."""
