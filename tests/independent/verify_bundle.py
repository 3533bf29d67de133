#!/usr/bin/env python3
"""A verifier of bundles written from docs/formats/ (bundle.md, ledger.md) and from nothing else of Tickmark.

verify_bundle.py FILE.zip [--vkey KEY] [--find WORDS]: one finding a line; exit status 0 when there is none, else 1.
--find: says as well whether WORDS stand in anything that the bundle lets a reader open.
"""
import base64
import hashlib
import hmac
import json
import struct
import sys
import zipfile

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Bad(Exception):
    """Something that the formats do not allow."""


def label(name):
    return b"tickmark/v1/" + name.encode() + b"\0"


def H(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def X(key, *info):
    return hmac.new(key, b"".join(info) + b"\1", hashlib.sha256).digest()


# ---- tree, RFC 6962
def root_of(leaves):
    if not leaves:
        return H()
    level = leaves
    while len(level) > 1:
        level = [H(b"\1", level[i], level[i + 1]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


def tile_names(level, count):
    """Names and widths of the tiles (level -1: entry bundles) that hold that many hashes, tlog-tiles."""
    for n in range((count + 255) // 256):
        width = min(256, count - 256 * n)
        digits = "%03d" % (n % 1000)
        rest = n // 1000
        while rest:
            digits = "x%03d/%s" % (rest % 1000, digits)
            rest //= 1000
        yield "tile/%s/%s%s" % ("entries" if level < 0 else level, digits, "" if width == 256 else ".p/%d" % width), n, width


# ---- notes
def open_note(note, vkey):
    name, key_id, key = vkey.split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if len(raw) != 33 or raw[0] != 1 or H(name.encode(), b"\n", raw)[:4].hex() != key_id:
        raise Bad("the verifier's key is none")
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    for line in signatures.decode().splitlines():
        dash, who, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        if dash == "\u2014" and who == name and value[:4].hex() == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(value[4:], text)
                return text.decode()
            except InvalidSignature as failure:
                raise Bad("the checkpoint's signature does not hold") from failure
    raise Bad("the checkpoint is not signed with the ledger's key")


# ---- entries and parts
class Entry:
    def __init__(self, raw):
        if len(raw) != 96 or raw[:4] != b"TME1" or raw[5] != 0 or raw[89:] != bytes(7):
            raise Bad("an entry is not in its form")
        self.raw, self.kind = raw, raw[4]
        self.n, self.received = struct.unpack(">HQ", raw[6:16])
        self.record_id, self.parts_root = raw[16:32], raw[32:64]


def padded(x):
    x = max(x, 64)
    e = x.bit_length() - 1
    unit = 1 << (e - e.bit_length())
    return (x + unit - 1) // unit * unit


def open_part(entry, i, row, secret, stored):
    index, n, mode, place, zero, length = struct.unpack(">HHBBHQ", row[:16])
    commitment, digest, key_commitment = row[32:64], row[64:96], row[96:128]
    if index != i or n != entry.n or zero != 0 or length != len(stored) or place != (1 if length > 1 << 20 else 0):
        raise Bad("a part's row does not fit its entry")
    if H(stored) != digest:
        raise Bad("stored bytes are not those of the row")
    if mode == 0:
        if secret != bytes(32) or row[16:64] != bytes(48) or key_commitment != bytes(32):
            raise Bad("a part in clear has a secret")
        return stored, b""
    if H(label("kc"), secret) != key_commitment:
        raise Bad("the secret is not the part's")
    chunk = 32768 + 16 if mode == 2 else max(len(stored), 16)
    pieces = [stored[at:at + chunk] for at in range(0, len(stored), chunk)]
    aad = label("aad") + entry.record_id + struct.pack(">BBHHQ", entry.kind, mode, i, n, entry.received)
    plain = b""
    for j, piece in enumerate(pieces):
        key = X(secret, label("enc"), struct.pack(">IB", j, 1 if j + 1 == len(pieces) else 0))
        try:
            plain += AESGCM(key).decrypt(bytes(12), piece, aad)
        except InvalidTag as failure:
            raise Bad("a part does not open") from failure
    content_n, envelope_n = struct.unpack(">QI", plain[:12])
    end = 12 + content_n + envelope_n
    if len(plain) != padded(end) or any(plain[end:]) or (mode == 1) != (len(plain) <= 65536):
        raise Bad("a part's padding is not as it must be")
    content = plain[12:12 + content_n]
    if hmac.new(X(secret, label("commit")), label("content") + content, hashlib.sha256).digest() != commitment:
        raise Bad("a part's content is not the one that was committed to")
    return content, plain[12 + content_n:end]


# ---- the bundle
class Bundle:
    def __init__(self, path):
        self.findings, self.contents, self.bodies, self.disclosed, self.listed = [], [], {}, [], b""
        self.zip = zipfile.ZipFile(path)
        names = [m.filename for m in self.zip.infolist()]
        if names != sorted(names, key=str.encode) or len(set(names)) != len(names):
            raise Bad("members are out of order, or one is there twice")
        if self.zip.testzip() is not None:
            raise Bad("a member's checksum does not fit")
        self.members = {name: self.zip.read(name) for name in names}
        self.unexplained = set(names)

    def take(self, name):
        if name not in self.members:
            raise Bad("%s is missing" % name)
        self.unexplained.discard(name)
        return self.members[name]

    def check(self, vkey):
        about = json.loads(self.take("bundle.json"))
        if about["kind"] != "tickmark bundle" or about["version"] != 1:
            raise Bad("it is no bundle of version 1")
        text = open_note(self.take("checkpoint"), vkey or about["vkey"])
        origin, size, root = text.splitlines()
        self.size = int(size)
        if origin != about["origin"] or self.size != about["size"] or about["access"] != self.size - 1:
            raise Bad("bundle.json and checkpoint say different things")
        self.read_entries()
        leaves = [H(b"\0", e.raw) for e in self.entries]
        if base64.b64decode(root) != root_of(leaves):
            raise Bad("the entries do not give the signed root")
        self.check_tiles(leaves)
        self.read_records(about["people"]["withheld"])
        policy = json.loads(self.bodies[0])
        if policy["origin"] != origin or policy["vkey"] != about["vkey"]:
            raise Bad("entry 0 names another origin or key")
        self.check_access(about)
        self.check_copies()
        self.check_anchors(vkey or about["vkey"], leaves)
        for name in sorted(self.unexplained):
            self.findings.append("%s: nothing that belongs into a bundle" % name)

    def read_entries(self):
        self.entries = []
        for name, _, width in tile_names(-1, self.size):
            data, at = self.take(name), 0
            for _ in range(width):
                (n,) = struct.unpack(">H", data[at:at + 2])
                self.entries.append(Entry(data[at + 2:at + 2 + n]))
                at += 2 + n
            if at != len(data):
                raise Bad("%s holds more than its entries" % name)

    def check_tiles(self, hashes):
        level = 0
        while hashes:
            for name, n, width in tile_names(level, len(hashes)):
                if self.take(name) != b"".join(hashes[256 * n:256 * n + width]):
                    raise Bad("%s does not hold the tree's hashes" % name)
            hashes = [root_of(hashes[at:at + 256]) for at in range(0, len(hashes) - 255, 256)]
            level += 1

    def read_records(self, without_people):
        number, last = 0, -1
        while "records/%08d.tmr" % number in self.members:
            data, at = self.take("records/%08d.tmr" % number), 4
            if data[:4] != b"TMR1":
                raise Bad("records do not begin as they must")
            while at < len(data):
                index, n = struct.unpack(">QH", data[at:at + 10])
                if index <= last or index >= self.size or n != self.entries[index].n or data[at + 10:at + 16] != bytes(6):
                    raise Bad("a record does not fit the ledger")
                last, at = index, self.read_record(index, data, at + 16, without_people)
                self.disclosed.append(index)
            number += 1

    def read_record(self, index, data, at, without_people):
        entry, hashes, flags = self.entries[index], [], b""
        for i in range(entry.n):
            shown, zero = data[at], data[at + 1:at + 8]
            at, flags = at + 8, flags + bytes([shown])
            if shown > 1 or zero != bytes(7):
                raise Bad("a part does not say whether it is shown")
            if shown != (0 if i > 0 and without_people else 1) and not (entry.kind == 3 and i > 0 and not without_people):
                raise Bad("entry %d: a part was left out, or is shown that should not be" % index)
            if not shown:
                hashes.append(data[at:at + 32])
                at += 32
                continue
            row, secret = data[at:at + 128], data[at + 128:at + 160]
            (length,) = struct.unpack(">Q", row[8:16])
            stored = data[at + 160:at + 160 + length]
            at += 160 + length
            content, envelope = open_part(entry, i, row, secret, stored)
            hashes.append(H(label("row"), entry.record_id, row))
            self.contents += [content, envelope]
            if i == 0:
                self.bodies[index] = content
        if H(label("parts"), entry.record_id, struct.pack(">H", entry.n), *hashes) != entry.parts_root:
            raise Bad("entry %d: the record is not the one that stands there" % index)
        if index != self.size - 1:
            self.listed += struct.pack(">Q", index) + flags
        return at

    def check_access(self, about):
        access = json.loads(self.bodies[self.size - 1])
        others = [i for i in self.disclosed if i != self.size - 1]
        said = access["disclosed"]
        if said["count"] != len(others) or said["digest"] != H(self.listed).hex():
            self.findings.append("records/: not those that were disclosed")
        if any(access[k] != about[k] for k in ("as_of", "people", "period", "withheld")) or about["disclosed"] != len(others):
            self.findings.append("bundle.json: it says something else than the entry of what was disclosed")
        for name, digest in access["files"].items():
            if H(self.take(name)).hex() != digest:
                self.findings.append("%s: not the one whose digest the ledger keeps" % name)

    def check_copies(self):
        """Definitions and results are the bodies of entries, the newest of each."""
        newest = {}
        for index in self.disclosed:
            kind = self.entries[index].kind
            if kind in (4, 6):
                body = json.loads(self.bodies[index])
                what = ("definitions", body["kind"], body["id"]) if kind == 4 else ("results", body["control"], body["test"])
                newest[what] = self.bodies[index]
        wanted = {}
        for what, body in newest.items():
            parts = [self.escaped(p) for p in what[1:]]
            wanted["definitions/%s/%s.json" % tuple(parts) if what[0] == "definitions" else "results/%s.%s.json" % tuple(parts)] = body
        for name, body in wanted.items():
            if self.members.get(name) != body:
                self.findings.append("%s: not what the ledger has, or missing" % name)
            self.unexplained.discard(name)

    @staticmethod
    def escaped(text):
        raw, out = text.encode()[:60], ""
        for i, c in enumerate(raw):
            plain = chr(c).isascii() and (chr(c).isalnum() or c in b"-_" or (c == ord(".") and i > 0))
            out += chr(c) if plain else "%%%02X" % c
        return out

    def check_anchors(self, vkey, leaves):
        for name in [n for n in self.unexplained if n.startswith("anchors/")]:
            if name.endswith(".checkpoint"):
                _, size, root = open_note(self.take(name), vkey).splitlines()
                if int(size) > self.size or base64.b64decode(root) != root_of(leaves[:int(size)]):
                    self.findings.append("%s: no head of this ledger" % name)
            else:                               # its signature is for a tool that knows time stamps
                head = "anchors/%s.checkpoint" % name[8:].split(".")[0]
                if H(self.members.get(head, b"")) not in self.take(name):
                    self.findings.append("%s: not over the head beside it" % name)


def main(arguments):
    path, vkey, words = arguments[0], None, None
    for i, a in enumerate(arguments):
        vkey = arguments[i + 1] if a == "--vkey" else vkey
        words = arguments[i + 1] if a == "--find" else words
    findings = []
    try:
        bundle = Bundle(path)
        bundle.check(vkey)
        findings = bundle.findings
        if words is not None:
            everything = bundle.contents + [v for k, v in bundle.members.items() if not k.startswith("records/")]
            print("found" if any(words.encode() in c for c in everything) else "not found")
        print("%d entries, %d of them disclosed and opened" % (bundle.size, len(bundle.disclosed)))
    except (Bad, KeyError, ValueError, IndexError, struct.error, zipfile.BadZipFile, OSError) as failure:
        findings = ["%s: %s" % (type(failure).__name__, failure)]
    for finding in findings:
        print(finding)
    print("ALTERED" if findings else "INTACT")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
