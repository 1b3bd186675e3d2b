"""Rules as sentences: given(facts).when(command).then(facts); nothing else may have happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import msgspec

from domain.dossier import Dossier, DossierEvent, fold
from domain.errors import Refused
from domain.log import Effect
from domain.process import Advance, Command, advance

Facts = DossierEvent | Iterable[DossierEvent]


def flat(facts: Iterable[Facts]) -> list[DossierEvent]:
    """Single facts and whole stories, in their order."""
    events: list[DossierEvent] = []
    for fact in facts:
        if isinstance(fact, Iterable):
            events.extend(fact)
        else:
            events.append(fact)
    return events


def demand_sound(step: Advance, now: datetime) -> None:
    """Whatever was decided happened now, can be kept, and is worked on under a name of its own."""
    for event in step.events:
        assert event == kept(event)
        moments = {f.name for f in fields(event) if f.name.endswith("_at")} - {"expires_at"}
        assert {name: now for name in moments} == {name: getattr(event, name) for name in moments}
    for effect in step.effects:
        assert effect == kept(effect)
        assert effect.key.startswith(f"{effect.kind.value}:{effect.subject}")
        assert effect.due >= now
    assert step.dossier == kept(step.dossier)


def kept(thing: Any) -> Any:
    """As it is read again when it was stored: nothing is missing and nothing of another type."""
    return msgspec.json.decode(msgspec.json.encode(thing), type=type(thing))


@dataclass(frozen=True, slots=True)
class Given:
    facts: list[DossierEvent]

    @property
    def dossier(self) -> Dossier:
        return fold(self.facts)

    def after(self, *commands: Command) -> Given:
        """What is given besides, told as commands that went well."""
        return Given([*self.facts, *self.when(*commands).done.events])

    def when(self, *commands: Command) -> When:
        """The commands in their order; what all of them lead to is looked at together."""
        dossier = self.dossier
        events: list[DossierEvent] = []
        effects: list[Effect] = []
        for command in commands:
            try:
                step = advance(command, dossier)
            except Refused as refusal:
                return When(None, refusal)
            demand_sound(step, command.now)
            events.extend(step.events)
            effects.extend(step.effects)
            dossier = step.dossier
        return When(Advance(events=tuple(events), effects=tuple(effects), dossier=dossier), None)


@dataclass(frozen=True, slots=True)
class When:
    outcome: Advance | None
    refusal: Refused | None

    @property
    def done(self) -> Advance:
        assert self.outcome is not None, f"refused: {self.refusal}"
        return self.outcome

    @property
    def dossier(self) -> Dossier:
        return self.done.dossier

    def then(self, *facts: Facts) -> When:
        """Exactly these facts, in this order."""
        assert flat(facts) == list(self.done.events)
        return self

    def then_kinds(self, *kinds: type) -> When:
        """Facts of exactly these kinds, in this order."""
        assert list(kinds) == [type(event) for event in self.done.events]
        return self

    def then_nothing(self) -> When:
        """Neither a fact nor work: so it was already."""
        assert list(self.done.events) == []
        assert list(self.done.effects) == []
        return self

    def then_effects(self, *keys: str) -> When:
        """Work under exactly these keys, in this order."""
        assert list(keys) == [effect.key for effect in self.done.effects]
        return self

    def then_refused(self, code: str, **facts: Any) -> When:
        """Refused with this code and, among what it says, these values. Nothing was recorded."""
        assert self.refusal is not None, f"not refused, but {self.done.events}"
        assert code == self.refusal.code
        assert isinstance(self.refusal.detail, str)
        assert f"{code}: {self.refusal.detail}" == str(self.refusal)
        assert None not in self.refusal.facts.values()
        assert facts == {name: self.refusal.facts.get(name) for name in facts}
        assert self.outcome is None
        return self


def given(*facts: Facts) -> Given:
    return Given(flat(facts))
