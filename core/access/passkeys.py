"""Passkeys: what browsers and security keys are asked to sign, and what they answer, checked by fido2 (WebAuthn)."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from core.models import Passkey, User

NAME = "Orderly"
# What the readers of a stranger's bytes raise
UNREADABLE = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError, struct.error),
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a browser stands: the domain that passkeys are for, and the very address of the page."""

    domain: str
    origin: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What a security key signed: which passkey it is, whose it says to be, and how often it was used."""

    credential_id: str
    user_handle: bytes | None
    count: int


def options_to_add(site: Site, user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a browser is asked to make a passkey by, and what its answer is checked with."""
    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(id=handle(user), name=user.email, display_name=str(user)),
        credentials=_credentials(user),
        # Where the device can, it also stands in for address and password
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), dict(state)


def options_to_sign(site: Site, user: User | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a browser is asked to sign, and what its answer is checked with.

    As a second step one of the person's own passkeys is asked for. Alone it is both steps: a thing that one has, which
    must have made sure by a finger, a face or a PIN of who holds it.
    """
    wish = UserVerificationRequirement.PREFERRED if user else UserVerificationRequirement.REQUIRED
    known = _credentials(user) if user else None
    options, state = _server(site).authenticate_begin(known, user_verification=wish)
    return dict(options), dict(state)


def made(site: Site, state: dict[str, Any], answer: str) -> tuple[str, bytes, int] | None:
    """Return a new passkey's id, what its answers are checked with and how often it was used, or nothing."""
    try:
        response = RegistrationResponse.from_dict(json.loads(answer))
        data = _server(site).register_complete(state, response)
    except UNREADABLE:
        return None
    credential = data.credential_data
    return (response.id, bytes(credential), data.counter) if credential else None


def read(answer: str) -> Signed | None:
    """Return what an answer says of itself, unchecked; nothing where it cannot be read."""
    try:
        response = AuthenticationResponse.from_dict(json.loads(answer))
        return Signed(response.id, response.response.user_handle, response.response.authenticator_data.counter)
    except UNREADABLE:
        return None


def holds(site: Site, state: dict[str, Any], answer: str, passkey: Passkey) -> bool:
    """Say whether an answer is this passkey's, to what it was asked, and from a page of ours."""
    try:
        credential = AttestedCredentialData(bytes(passkey.credential))
        _server(site).authenticate_complete(state, [credential], json.loads(answer))
    except UNREADABLE:
        return False
    return True


def handle(user: User) -> bytes:
    """Return by what name a passkey knows a person; it says nothing of them."""
    return f"orderly-{user.pk}".encode()


def _server(site: Site) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(name=NAME, id=site.domain)
    return Fido2Server(entity, verify_origin=lambda origin: origin == site.origin)


def _credentials(user: User) -> list[AttestedCredentialData]:
    kept = Passkey.objects.filter(user=user).order_by("pk").values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(credential)) for credential in kept]
