"""Signatures checked by other processes: in order, whoever is killed, and never made up."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from support_record import OTHER_DEVICE, SALE, chain, key_ring, private_key
from support_waiting import wait_until

from counterfoil.gateway.ingest.signature_pool import SignaturePool, SignatureWorkersLost
from counterfoil.gateway.record.signature_equation import equation_holds
from counterfoil.gateway.record.verification import Identified, equation_of, identify_all

pytestmark = pytest.mark.integration


@pytest.fixture
async def pool() -> AsyncIterator[SignaturePool]:
    started = SignaturePool(2)
    await started.start()
    yield started
    await started.stop()


def equations(count: int) -> list[bytes]:
    """*count* equations of which every third one is of another device's key, and so does not hold."""
    raws = chain([SALE] * count)
    good = identify_all([(raw, None) for raw in raws], key_ring())
    stranger = private_key(2)
    theirs = identify_all(
        [(chain([SALE], OTHER_DEVICE, stranger)[0], None)], key_ring(OTHER_DEVICE, stranger)
    )[0]
    assert isinstance(theirs, Identified)
    made = []
    for number, one in enumerate(good):
        assert isinstance(one, Identified)
        equation = equation_of(one)
        made.append(equation[:96] + equation_of(theirs)[96:] if number % 3 == 0 else equation)
    return made


async def test_the_pool_answers_in_the_order_of_the_equations(pool: SignaturePool) -> None:
    asked = equations(300)
    expected = [equation_holds(equation) for equation in asked]
    assert expected == [number % 3 != 0 for number in range(300)]
    at_once = [pool.holds(asked[start:]) for start in range(5)]
    for start, answer in enumerate(await asyncio.gather(*at_once)):
        assert answer == expected[start:]
    assert await pool.holds([]) == []


async def test_killed_workers_are_replaced_and_asked_again(pool: SignaturePool) -> None:
    asked = equations(60) * 200
    expected = [number % 60 % 3 != 0 for number in range(len(asked))]
    first = set(pool.processes)
    assert await pool.holds(asked[:60]) == expected[:60]
    working = asyncio.create_task(pool.holds(asked))
    await asyncio.sleep(0.02)
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    assert not working.done()
    assert await working == expected
    assert len(pool.processes) == 2
    assert not first & set(pool.processes)


async def test_work_over_which_every_worker_ends_fails_and_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = equations(3)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pool = SignaturePool(1)
    await pool.start()
    with pytest.raises(SignatureWorkersLost):
        await pool.holds(asked)
    monkeypatch.undo()
    while True:
        try:
            answer = await pool.holds(asked)
        except SignatureWorkersLost:
            continue
        break
    await pool.stop()
    assert answer == [False, True, True]


async def test_workers_end_when_the_pool_stops() -> None:
    pool = SignaturePool(2)
    await pool.start()
    pids = pool.processes
    assert await pool.holds(equations(3)) == [False, True, True]
    await pool.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_stopped_worker_is_replaced_and_its_work_done_again_and_it_is_told() -> None:
    pool = SignaturePool(2, silent_s=0.5)
    await pool.start()
    asked = equations(60) * 20
    expected = [number % 60 % 3 != 0 for number in range(len(asked))]
    assert await pool.holds(asked[:60]) == expected[:60]
    assert pool.alarms() == []
    first = set(pool.processes)
    for pid in first:
        os.kill(pid, signal.SIGSTOP)
    assert await pool.holds(asked) == expected
    assert len(pool.processes) == 2
    assert not first & set(pool.processes)
    (alarm,) = pool.alarms()
    assert alarm.code == "process.worker_hung"
    assert pool.replaced == 2
    for pid in first:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    await pool.stop()


async def test_a_worker_that_is_stopped_before_it_is_up_is_replaced() -> None:
    pool = SignaturePool(1, silent_s=0.5, start_s=5)
    await pool.start()
    (first,) = pool.processes
    os.kill(first, signal.SIGSTOP)
    assert await pool.holds(equations(3)) == [False, True, True]
    assert pool.processes != [first]
    await pool.stop()


async def test_the_pool_stops_with_a_stopped_worker() -> None:
    pool = SignaturePool(1, silent_s=60)
    await pool.start()
    assert await pool.holds(equations(3)) == [False, True, True]
    (pid,) = pool.processes
    os.kill(pid, signal.SIGSTOP)
    await pool.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_no_work_is_lost_while_no_process_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = SignaturePool(1, silent_s=0.5)
    await pool.start()
    assert await pool.holds(equations(3)) == [False, True, True]
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    (pid,) = pool.processes
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.create_task(pool.holds(equations(3)))
    await asyncio.to_thread(wait_until, lambda: not pool.processes)
    (alarm,) = pool.alarms()
    assert "0 of 1 run" in alarm.detail
    await asyncio.sleep(1)
    assert not asked.done()
    monkeypatch.undo()
    assert await asked == [False, True, True]
    await pool.stop()
