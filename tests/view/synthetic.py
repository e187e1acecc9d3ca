"""A made-up day of one satellite (or many), with every kind of entry, for tests of the views.

Nothing here is physics: a circular orbit in the plane, a fifth of it dark, a battery that follows. It only has the
shape and the size of a real Log, and every value below is known, so that tests can ask for it back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

from orbitalcloud.core import records as r
from orbitalcloud.core.time import HOUR, MINUTE, SECOND, Instant, parse_instant
from orbitalcloud.core.why import Why

START = parse_instant("2026-03-20T12:00:00Z")
DAY_S = 86_400
PERIOD_S = 5_730
STATIONS = {
    "svalbard": (78.23, 15.39, 5.0, "NO"),
    "troll": (-72.01, 2.53, 5.0, "NO"),
    "awarua": (-46.53, 168.38, 5.0, "NZ"),
    "punta-arenas": (-52.94, -70.85, 5.0, "CL"),
}
NODES = ("array", "body", "payload", "radiator", "battery")
HOT_K = (373.15, 333.15, 343.15, 323.15, 318.15)
COLD_K = (173.15, 253.15, 253.15, 213.15, 273.15)
HOSTILE = "<script>alert('x')</script>"


def _sha(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _state(step: int, phase: float = 0.0) -> tuple[float, float, float, bool]:
    """Latitude, longitude, angle along the orbit and whether it is sunlit, at second `step`."""
    angle = 2 * math.pi * (step / PERIOD_S + phase)
    inclination = math.radians(97.6)
    latitude = math.degrees(math.asin(math.sin(inclination) * math.sin(angle)))
    node = math.degrees(math.atan2(math.cos(inclination) * math.sin(angle), math.cos(angle)))
    longitude = (node + 15.0 + 360 * phase * 3 - 360 * step / 86_164 + 180) % 360 - 180
    return latitude, longitude, angle, math.cos(angle - 0.7) > -0.81


def telemetry(name: str, seconds: int, step: int, phase: float = 0.0) -> Iterator[r.Telemetry]:
    charge, payload = 0.92, 291.0
    for second in range(0, seconds, step):
        latitude, longitude, angle, sunlit = _state(second, phase)
        busy = 3 <= (second // 600) % 9 <= 4
        generated = 62_000 * max(0.25, math.cos((angle - 0.7) / 2) ** 2) if sunlit else 0.0
        load = 17_500 + 3_500 * math.sin(second / 900) + (32_000 if busy else 0)
        charge = min(1.0, max(0.0, charge + (generated - load) / 1000 * step / 301_000))
        warm = 308.0 if sunlit else 268.0
        payload += (warm - 14 + (26 if busy else 0) - payload) * step / 2_400
        heat = (
            (340 if sunlit else 205) + 12 * math.sin(angle),
            warm - 4 + 5 * math.cos(angle),
            payload,
            payload - 16,
            287 + 4 * math.cos(angle),
        )
        yield r.Telemetry(
            at=START + second * SECOND,
            node=name,
            charge_ppm=round(charge * 1e6),
            generated_mw=round(generated),
            load_mw=round(load),
            sunlit_ppm=1_000_000 if sunlit else 0,
            temperatures_mk=tuple(round(kelvin * 1000) for kelvin in heat),
            latitude_udeg=round(latitude * 1e6),
            longitude_udeg=round(longitude * 1e6),
            height_m=547_000 + round(9_000 * math.sin(angle) ** 2),
            dose_urad=50 * second,
        )


def described(name: str) -> r.SatelliteDescribed:
    return r.SatelliteDescribed(
        at=START,
        node=name,
        bus="cubesat-12u-edge",
        orbit="547 km, sun-synchronous, LTAN 06:00",
        period_ms=PERIOD_S * 1000,
        inclination_mdeg=97_600,
        battery_mj=301_000_000,
        reserve_ppm=350_000,
        array_mw=62_000,
        thermal_nodes=NODES,
        hot_limits_mk=tuple(round(k * 1000) for k in HOT_K),
        cold_limits_mk=tuple(round(k * 1000) for k in COLD_K),
        payload_node=2,
        accelerator="jetson-orin-nx-16gb",
        shielding_um=2_000,
        devices=("jetson-module", "lpddr-16gb"),
    )


def _anomaly(name: str, seconds: int) -> Iterator[r.Entry]:
    """Where the track is within a rectangle over the South Atlantic; an upset each time but the first, and one else."""
    before, passes = False, 0
    for second in range(0, seconds, 10):
        latitude, longitude = _state(second)[:2]
        inside = -45.0 < latitude < -5.0 and -85.0 < longitude < 15.0
        if inside != before:
            yield r.AnomalyCrossed(START + second * SECOND, name, inside)
            passes += inside
            before = inside
            if inside and passes > 1:
                yield _upset(name, second + 5, True, passes * 1_000)
    yield _upset(name, 3_600, False, -1)


def _upset(name: str, second: int, inside: bool, bit: int) -> r.Upset:
    latitude, longitude = _state(second)[:2]
    device, effect = ("lpddr-16gb", "bit flip") if inside else ("jetson-module", "functional interrupt")
    place = (round(latitude * 1e6), round(longitude * 1e6), 547_000)
    return r.Upset(START + second * SECOND, name, device, effect, *place, inside, bit)


def _light(name: str, seconds: int) -> Iterator[r.Entry]:
    before: bool | None = None
    for second in range(0, seconds, 10):
        sunlit = _state(second)[3]
        if sunlit != before:
            if before is not None:
                yield r.LightChanged(at=START + second * SECOND, node=name, phase="penumbra")
            phase = "sunlight" if sunlit else "umbra"
            yield r.LightChanged(at=START + (second + 9) * SECOND, node=name, phase=phase)
            before = sunlit


def _contacts(name: str, seconds: int) -> Iterator[r.Entry]:
    for station, (latitude, longitude, _, _) in STATIONS.items():
        opened, best = -1, 0.0
        for second in range(0, seconds, 10):
            there = _state(second)
            a, b = math.radians(latitude), math.radians(there[0])
            gap = math.acos(
                min(
                    1,
                    math.sin(a) * math.sin(b)
                    + math.cos(a) * math.cos(b) * math.cos(math.radians(longitude - there[1])),
                )
            )
            up = gap < math.radians(18.5)
            best = max(best, 90 * (1 - gap / math.radians(18.5))) if up else best
            if up and opened < 0:
                opened = second
            elif not up and opened >= 0:
                begin, end = START + opened * SECOND, START + second * SECOND
                for one, other, rate, sent in (
                    (name, station, 8_000_000, (second - opened) * 300_000),
                    (station, name, 256_000, (second - opened) * 9_000),
                ):
                    yield r.ContactOpened(begin, one, other, "x" if one == name else "s", rate, end, round(best * 1000))
                    yield r.ContactClosed(end, one, other, 3 + second % 40, sent)
                opened, best = -1, 0.0


WHY_OK = Why(True, "plan", "sunlit start with heat to spare")
WHY_RESERVE = Why(
    False, "reserve", "charge would fall to 31.4 % by 14:20, below the reserve of 35 %", 314, 350, "permille"
)
WHY_HEAT = Why(False, "heat", "the payload would reach 71 °C within 4 minutes; its limit is 70 °C", 344, 343, "K")
WHY_LAW = Why(False, "licence", f"no re-export to this jurisdiction {HOSTILE}", 0, 0, "")
WHY_ROOM = Why(False, "contact", "this pass has room for 120 kB, the bundle needs 240 kB", 120_000, 240_000, "B")


def _bundle(at: int, name: str, source: str, target: str, size: int, purpose: str, wait_s: int) -> Iterator[r.Entry]:
    yield r.BundleCreated(at, source, name, target, size, purpose)
    yield r.BundleWaits(at + SECOND, source, name, WHY_ROOM)
    sent = at + wait_s * SECOND
    yield r.BundleSent(sent, source, name, target, size, 1)
    yield r.BundleReceived(sent + 2 * SECOND, target, name, source, size)
    yield r.BundleDelivered(sent + 2 * SECOND, target, name, source, size, (wait_s + 2) * 1000)


def _job(number: int, satellite: str) -> Iterator[r.Entry]:
    kinds = (("cloud-mask", 480_000, 41_250), ("change", 96_000, 9_800), ("wasm-forest", 12_000, 2_140))
    name, size, energy = kinds[number % 3]
    job = f"{name}-{number:03d}"
    at = START + number * 97 * MINUTE // 2 + 7 * MINUTE
    deadline = Instant(at + 4 * HOUR)
    yield r.JobSubmitted(at, "svalbard", job, name, _sha(name), satellite, size, deadline, True)
    yield from _bundle(at, f"in-{job}", "svalbard", satellite, size, f"job {job}", 40)
    heard = at + 45 * SECOND
    if number % 11 == 5:
        yield r.JobRefused(heard, satellite, job, WHY_LAW if number == 5 else WHY_RESERVE)
        return
    if number % 4 == 1:
        yield r.JobDeferred(heard, satellite, job, heard + 15 * MINUTE, WHY_HEAT if number % 8 == 1 else WHY_RESERVE)
        heard += 15 * MINUTE
    yield r.JobAccepted(heard, satellite, job, at + 3 * HOUR, WHY_OK)
    begin = heard + 90 * SECOND
    throttled = number % 7 == 3
    yield r.JobStarted(
        begin, satellite, job, "jetson-orin-nx-16gb", 4 * SECOND, throttled, WHY_HEAT if throttled else WHY_OK
    )
    if number == 9:
        yield r.JobStopped(begin + SECOND, satellite, job, Why(False, "reboot", "the node restarted"))
        begin += 5 * MINUTE
        yield r.JobStarted(begin, satellite, job, "jetson-orin-nx-16gb", 4 * SECOND, False, WHY_OK)
    done = begin + 4 * SECOND
    if number == 14:
        yield r.JobFailed(done, satellite, job, "fuel exhausted after 400,000,000 instructions")
        return
    output = _sha(job)
    if throttled:
        yield r.UpsetStruckJob(
            done,
            satellite,
            job,
            "lpddr-16gb",
            "weights",
            77,
            "caught",
            ("digest", "restart"),
            output,
            output,
            900,
            True,
        )
        yield r.GuardTripped(done, satellite, job, "digest", "the artefact in memory is not the one", True)
        yield r.JobVerified(done + HOUR, "svalbard", job, "2 of 3", output, ("a", "b"), ("c",), 60_000, WHY_OK)
    yield r.JobFinished(done, satellite, job, output, 8_192, 5_300_000_000, 0, 4 * SECOND, energy, True, throttled)
    receipt = _sha("receipt" + job)
    text = f'{{"artefact":"{_sha(name)}","energy_mj":{energy},"job":"{job}","output":"{output}"}}'
    yield r.ReceiptSigned(done, satellite, job, receipt, text)
    home = "awarua" if number % 2 else "svalbard"
    wait = 35 * 60 + number * 61
    if number == 25:
        yield r.BundleCreated(done, satellite, f"out-{job}", home, 8_192, f"result {job}")
        yield r.BundleWaits(done + SECOND, satellite, f"out-{job}", WHY_ROOM)
        return
    yield from _bundle(done, f"out-{job}", satellite, home, 8_192, f"result {job}", wait)
    arrival = done + (wait + 3) * SECOND
    yield r.ResultDelivered(
        arrival,
        home,
        job,
        satellite,
        output,
        8_192,
        (arrival - at) // 1_000_000,
        Why(True, "receipt", "signature verified"),
    )


def _ethereum(name: str) -> Iterator[r.Entry]:
    yield r.WalletBorn(START + SECOND, name, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94")
    for number in range(8):
        at = START + (number * 170 + 20) * MINUTE
        yield r.HeadAdvanced(
            at, name, "svalbard", 1_460 + number // 4, 11_960_000 + number * 850, 11_960_070 + number * 850,
            "0x" + hashlib.sha256(b"%d" % number).hexdigest(), 498 + number, number == 4, 26_900, 780 + 45 * number,
        )  # fmt: skip
    yield r.FaultInjected(START + 9 * HOUR, "svalbard", "tampered-update", "one bit of the next update flipped")
    yield r.UpdateRefused(
        START + 9 * HOUR + 5 * MINUTE, name, "svalbard", "finality_branch", "the branch does not lead to the state root"
    )
    tx = "0x" + hashlib.sha256(b"tx").hexdigest()
    yield r.TransactionSigned(
        START + 3 * HOUR,
        name,
        tx,
        "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
        "0x" + "ab" * 20,
        "1500000000000000",
        0,
        1,
    )
    yield from _bundle(START + 3 * HOUR, "tx-0", name, "svalbard", 180, "transaction", 900)
    yield r.TransactionSettled(START + 3 * HOUR + 16 * MINUTE, "svalbard", tx, 1, 4, 21_000, "in-process EVM")
    other = "0x" + hashlib.sha256(b"tx2").hexdigest()
    yield r.TransactionRefused(
        START + 5 * HOUR,
        name,
        other,
        Why(False, "policy", "0.5 ETH is above the daily limit of 0.01 ETH", 500, 10, "mETH"),
    )


def _settlement(name: str) -> Iterator[r.Entry]:
    """A job's escrow, its payment proved, and a proposal that was vetoed."""
    escrow, address, at = "0x" + "e5" * 32, "0x" + "ad" * 20, START + 4 * HOUR
    opened, proved = Why(True, "escrow", "price 5 wei"), Why(True, "settlement", "it is proved")
    yield r.WorkStep(at, "svalbard", "job-1", escrow, "opened", "", opened, "5", "0x" + "01" * 32, 7)
    yield r.WorkStep(at + HOUR, name, "job-1", escrow, "payment-proved", address, proved, "5", proved_slot=900)
    why = Why(False, "cosign-payee", "not on the allow-list")
    yield r.PurseStep(at + 2 * HOUR, name, "0x" + "be" * 20, 3, "vetoed", address, "70", why, 950)


def _troubles(name: str) -> Iterator[r.Entry]:
    yield r.FaultInjected(START + 6 * HOUR + 30 * MINUTE, name, "reboot", "the node's software restarts")
    yield r.NodeStarted(
        START + 6 * HOUR + 30 * MINUTE + SECOND, name, 2, "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", 31, 48_112
    )
    yield r.FrameLost(START + 7 * HOUR, "svalbard", name, 4_096, "the contact closed")
    yield r.FrameRefused(START + 8 * HOUR, name, "troll", 512, "crc", "primary block")
    yield r.NoticePublished(START + 8 * HOUR, name, "capacity", 190, "an Orin, 2 waiting")
    yield r.NoticeTaken(START + 8 * HOUR, "troll", name, "capacity", name, "an Orin, 2 waiting")
    yield r.NoticeRefused(START + 8 * HOUR, "troll", name, "notice-signature", "not signed by its key")
    yield r.KeyEnded(START + 8 * HOUR, "troll", "stranger", name, "two-faced: two capacity notices of version 1.3")
    big = "big-scene"
    yield r.BundleCreated(START + 10 * HOUR, name, big, "svalbard", 9_000_000, "scene")
    yield r.BundleFragmented(START + 10 * HOUR + MINUTE, name, big, (big + "/0", big + "/1"), WHY_ROOM)
    yield r.BundleSent(START + 10 * HOUR + 2 * MINUTE, name, big + "/0", "svalbard", 5_000_000, 1)
    yield r.BundleSent(START + 11 * HOUR + 40 * MINUTE, name, big + "/1", "svalbard", 4_000_000, 1)
    yield r.BundleDelivered(START + 11 * HOUR + 41 * MINUTE, "svalbard", big, name, 9_000_000, 101 * 60_000)
    yield r.BundleCreated(START + 11 * HOUR, "troll", "words-0", "dtn://svalbard/messages", 900, "message news-001")
    yield r.BundleDelivered(START + 11 * HOUR + 90 * SECOND, "svalbard", "words-0", "dtn://troll/", 800, 90_000)
    yield r.BundleCreated(START + 12 * HOUR, "troll", "late-0", name, 640, "capacity notice")
    yield r.BundleDropped(
        START + 13 * HOUR, "troll", "late-0", Why(False, "lifetime", "its lifetime of 1 h is over", 3_600, 3_600, "s")
    )


def entries(seconds: int = DAY_S, step: int = 30, name: str = "genesis-1", brown_out: bool = False) -> list[r.Entry]:
    """A whole flight of one satellite, in time order."""
    end = START + seconds * SECOND
    first: list[r.Entry] = [
        r.FlightStarted(START, "", "genesis-1", _sha("mission"), 7, end, "orbital-cloud 0.1.0", step),
        described(name),
        *(
            r.StationDescribed(START, station, round(la * 1e6), round(lo * 1e6), round(mask * 1e3), law)
            for station, (la, lo, mask, law) in STATIONS.items()
        ),
        r.NodeStarted(START, name, 1, "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", 0, 0),
    ]
    body: list[r.Entry] = [
        *telemetry(name, seconds, step),
        *_light(name, seconds),
        *_contacts(name, seconds),
        *_anomaly(name, seconds),
    ]
    for number in range(28):
        body += _job(number, name)
    body += [*_ethereum(name), *_settlement(name), *_troubles(name)]
    if brown_out:
        body.append(r.BrownOut(START + 2 * HOUR, name, True, 0))
        body.append(r.BrownOut(START + 2 * HOUR + 7 * MINUTE, name, False, 4_200_000))
    body = sorted((entry for entry in body if entry.at < end), key=lambda entry: entry.at)
    whole = first + body
    return [*whole, r.FlightEnded(end, "", len(whole) + 1)]


def fleet(count: int, seconds: int = DAY_S, step: int = 30) -> Iterator[r.Entry]:
    """A hundred satellites' telemetry and contacts, satellite by satellite."""
    end = START + seconds * SECOND
    yield r.FlightStarted(START, "", "fleet", _sha("fleet"), 7, end, "orbital-cloud 0.1.0", step)
    for index in range(count):
        yield described(f"sat-{index:03d}")
    for station, (la, lo, mask, law) in STATIONS.items():
        yield r.StationDescribed(START, station, round(la * 1e6), round(lo * 1e6), round(mask * 1e3), law)
    for index in range(count):
        name = f"sat-{index:03d}"
        yield from telemetry(name, seconds, step, index / count)
        for number in range(20):
            at = START + number * 70 * MINUTE
            for one, other, sent in ((name, "svalbard", 2_000_000), ("svalbard", name, 60_000)):
                yield r.ContactOpened(at, one, other, "x", 8_000_000, at + 9 * MINUTE, 41_000)
                yield r.ContactClosed(at + 9 * MINUTE, one, other, 12, sent)
        for number in range(30):
            job = f"{name}-{number}"
            at = START + number * 45 * MINUTE
            yield r.JobSubmitted(at, name, job, "modelled", _sha("m"), name, 1_000, at + 6 * HOUR, False)
            if number % 9 == 4:
                yield r.JobRefused(at, name, job, WHY_RESERVE)
                continue
            yield r.JobAccepted(at, name, job, at + HOUR, WHY_OK)
            yield r.JobStarted(at, name, job, "jetson-orin-nx-16gb", 4 * SECOND, False, WHY_OK)
            yield r.JobFinished(at + 4 * SECOND, name, job, _sha(job), 64, 1, 0, 4 * SECOND, 20_000, False, False)
            yield r.ResultDelivered(at + HOUR, "svalbard", job, name, _sha(job), 64, 3_600_000, WHY_OK)
    yield r.FlightEnded(end, "", 0)
