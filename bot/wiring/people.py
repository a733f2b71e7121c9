"""Who may do what, how each of them wants it, and the news for all of them."""

from dataclasses import dataclass

from bot import pairing
from bot.membership import Membership
from bot.notices import Notices
from bot.people import PersonalSettings, PersonalZones
from bot.wiring.ground import Ground
from bot.wiring.store import Store
from storage.members import SqlMembers
from storage.second_step import SqlStepStore
from trading.access import Roster
from trading.second_step import Policy, SecondStep


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """*roster* is one for all, and alive: people come and go while the bot runs."""

    roster: Roster
    membership: Membership
    second_step: SecondStep
    notices: Notices
    personal: PersonalSettings
    zones: PersonalZones


async def wire_people(ground: Ground, store: Store) -> People:
    """Know the people of the settings and those who were let in since. Raises StorageError."""
    settings, clock = ground.settings, ground.clock
    roster = Roster()
    membership = Membership(
        roster=roster,
        founders=settings.telegram_users,
        store=SqlMembers(store.database),
        clock=clock,
        audit=store.audit,
        folder=settings.data_folder / pairing.FOLDER,
        is_open=settings.pairing,
    )
    await membership.load()
    second_step = SecondStep(
        store=SqlStepStore(store.database),
        roster=roster,
        clock=clock,
        audit=store.audit,
        policy=Policy(settings.second_step, settings.second_step_above),
    )
    personal = PersonalSettings(store.users)
    return People(
        roster=roster,
        membership=membership,
        second_step=second_step,
        notices=Notices(store.outbox, store.users, roster, clock),
        personal=personal,
        zones=PersonalZones(personal, settings.zone),
    )
