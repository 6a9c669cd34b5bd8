"""Other people's code and vectors on our signatures: cwt, Wycheproof, the COSE examples."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cwt import COSE, COSEKey
from cwt.exceptions import VerifyError
from support_record import DEVICE, SALE, chain, private_key

from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.signed_record import decode


def cwt_key(key: PublicKey) -> COSEKey:
    made: COSEKey = COSEKey.new({1: 2, 2: key.kid, 3: -7, -1: 1, -2: key.x, -3: key.y})
    return made


def test_cwt_verifies_our_records_and_refuses_changed_ones() -> None:
    raws = chain([SALE] * 3)
    key = cwt_key(PublicKey.of(private_key()))
    reader = COSE.new()
    for raw in raws:
        assert reader.decode(raw, keys=key) == decode(raw).payload
        with pytest.raises(VerifyError):
            reader.decode(raw[:-1] + bytes((raw[-1] ^ 1,)), keys=key)


def test_the_thumbprint_of_rfc_9679_is_ours() -> None:
    key = PublicKey(
        bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    )
    assert key.kid.hex() == "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"


def test_cwt_verifies_our_receipts_over_the_detached_root() -> None:
    raws = chain([SALE] * 5)
    tree = MemoryTree(map(hash_leaf, raws))
    signer = ReceiptSigner("log.example/fleet", private_key(7))
    receipt = signer.sign_root(5, tree.root()).receipt(2, tree.inclusion_proof(2))
    key = cwt_key(signer.public_key)
    assert COSE.new().decode(receipt, keys=key, detached_payload=tree.root()) == tree.root()
    with pytest.raises(VerifyError):
        COSE.new().decode(receipt, keys=key, detached_payload=bytes(32))


def test_we_verify_what_cwt_signs() -> None:
    signing = COSEKey.from_jwk(
        {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "x": "Ze2loSV3wrroKUN_4zhwGhCqo3Xhu1td4QjeQ5wIVR0",
            "y": "HlLtdXARY_f55A3fnzQbPcm6hgr34Mp8p-nuzQCE0Zw",
            "d": "r_kHyZ-a06rmxM3yESK84r1otSg-aQcVStkRhA-iCM8",
        }
    )
    raw = COSE.new().encode_and_sign(b"payload", signing, protected={1: -7}, unprotected={})
    parts = cose.split_sign1(raw)
    key = PublicKey(
        bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    )
    assert parts.payload == b"payload"
    assert cose.verifies(parts.signed_bytes, parts.signature, key)


def test_wycheproof_signatures_are_judged_as_published(shared_data: Path) -> None:
    name = shared_data / "crypto" / "wycheproof_p256_sha256_der.json.gz"
    document = json.loads(gzip.decompress(name.read_bytes()))
    judged = {"valid": 0, "invalid": 0}
    for group in document["testGroups"]:
        public = load_pem_public_key(group["publicKeyPem"].encode())
        key = PublicKey.of(public)  # type: ignore[arg-type]
        for case in group["tests"]:
            try:
                r, s = decode_dss_signature(bytes.fromhex(case["sig"]))
                signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
            except (ValueError, OverflowError):
                continue  # not to be written as r || s: the DER form is what the case is about
            result = cose.verifies(bytes.fromhex(case["msg"]), signature, key)
            assert result == (case["result"] == "valid"), case["comment"]
            judged[case["result"]] += 1
    assert judged["valid"] > 100
    assert judged["invalid"] > 10


def es256_sign1_examples(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    document = json.loads((folder / "crypto" / "cose_examples.json").read_text())
    return [
        (name, case)
        for name, case in document.items()
        if case["input"].get("sign0", {}).get("alg") == "ES256"
        and "x_hex" in case["input"]["sign0"]["key"]
    ]


def test_cose_examples_verify_or_fail_as_published(shared_data: Path) -> None:
    examples = es256_sign1_examples(shared_data)
    assert examples
    for name, case in examples:
        signer = case["input"]["sign0"]
        key = PublicKey(
            bytes.fromhex(signer["key"]["x_hex"]), bytes.fromhex(signer["key"]["y_hex"])
        )
        decoded = cbor2.loads(bytes.fromhex(case["output"]["cbor"]))
        parts = decoded.value if isinstance(decoded, cbor2.CBORTag) else decoded
        if not isinstance(parts, list | tuple) or signer.get("external"):
            continue
        protected, _, payload, signature = parts
        holds = getattr(decoded, "tag", None) in (18, None) and cose.verifies(
            cose.signed_bytes(protected, payload), signature, key
        )
        assert holds == (not case.get("fail", case["input"].get("fail", False))), name


def test_records_name_their_device_as_cwt_reads_claims() -> None:
    header = cbor2.loads(decode(chain([SALE])[0]).protected)
    assert header[15] == {1: DEVICE, 2: "sales"}
