"""The ledger's pools are the chain's: the same shares, whatever was paid, taken or ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session, select
from support_chain import deployed_world
from support_oracle import ACCOUNTS, PROJECT, OracleHouse, pool_account, terms

from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.revenue_split import PoolRow, PoolShare, paid_and_ends
from counterfoil.oracle.rules.investor_pool import PIECE, PoolList, earned

pytestmark = pytest.mark.integration


def same_as_the_chain(house: OracleHouse) -> dict[str, int]:
    """What each investor of the first pool can take, by ledger and chain."""
    client, pool = house.chain.client, pool_account(house.chain.client)
    found: dict[str, int] = {}
    with Session(house.engine) as session:
        row = session.get_one(PoolRow, pool)
        assert row.is_complete
        for share in session.exec(select(PoolShare).where(PoolShare.pool == pool)):
            place = (share.before, share.weight, row.weights)
            left = earned(*paid_and_ends(session, pool), *place) - share.taken_minor
            assert left == client.call("RevenueSplit", "claimableOfPool", pool, share.account)
            found[share.account] = left
    return found


def test_shares_follow_what_is_paid_taken_and_ended(tmp_path: Path) -> None:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        parts, pool = house.parts(), pool_account(chain.client)
        house.sell_a_day()
        house.run_until_quiet(parts)
        first = same_as_the_chain(house)
        assert all(first.values())
        chain.send("operator", "RevenueSplit", "takePool", pool, ACCOUNTS["a"])
        house.run_until_quiet(parts)
        assert same_as_the_chain(house) == {**first, ACCOUNTS["a"]: 0}
        new = {**terms(), "effective_from": 20220830}
        new["investors"] = [{"account": ACCOUNTS["b"], "weight": 1}]
        house._registrar.set_terms(PROJECT, new)
        house.sell_a_day()
        house.run_until_quiet(parts)
        chain.send("operator", "RevenueSplit", "endPool", pool)
        house.run_until_quiet(parts)
        ended = same_as_the_chain(house)
        token = chain.client.address_of("DepositToken")
        left = chain.client.call("RevenueSplit", "claimable", token, pool)
        assert sum(ended.values()) == left, "all of it is its investors'"


def test_a_list_of_more_than_one_piece_is_added_and_an_interrupted_one_goes_on(
    tmp_path: Path,
) -> None:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        client, name = chain.client, on_chain_id(PROJECT)
        people = {f"i{n}": (f"0x{n:040x}", f"i{n}", ()) for n in range(1, PIECE + 2)}
        house._registrar.admit(people, 4_000_000_000)
        listed = [
            {"account": account, "weight": 1 + n % 3}
            for n, (account, *_) in enumerate(people.values())
        ]
        found = PoolList.of([(one["account"], one["weight"]) for one in listed])
        first, _ = found.calls(name, found.name)
        chain.send("operator", "RevenueSplit", "addInvestors", *first)
        assert client.call("RevenueSplit", "nextInvestors", name, found.name) == first[3]
        new = {**terms(), "effective_from": 20220901, "investors": listed}
        house._registrar.set_terms(PROJECT, new)
        assert client.call("RevenueSplit", "nextInvestors", name, found.name) == bytes(32)
        pool = found.account(client.address_of("RevenueSplit"), name)
        weights = client.call("RevenueSplit", "weightOf", pool, listed[-1]["account"])
        assert list(weights) == [listed[-1]["weight"], sum(one["weight"] for one in listed)]
        set_ = client.call("RevenueSplit", "termsOf", name, 2)
        assert pool in [line["account"] for line in set_["allocations"]]
