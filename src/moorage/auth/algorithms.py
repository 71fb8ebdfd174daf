"""The signatures that are accepted on tokens."""

PUBLIC_KEY = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "Ed25519": "OKP",
}
"""Each algorithm whose published key cannot sign, and the type of that key.

Those with a shared secret (HS256 …) are left out on purpose: who could make a service take a public
key for the secret could sign tokens with it. ``EdDSA`` is deprecated for ``Ed25519`` (RFC 9864).
"""
