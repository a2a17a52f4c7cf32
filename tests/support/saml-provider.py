"""A real identity provider with SAML 2.0 (pysaml2), for one service, with a form for the name of the person."""

import html
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NAME_FORMAT_BASIC, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

port, metadata, key, certificate, xmlsec = int(sys.argv[1]), *sys.argv[2:6]
here = f"http://localhost:{port}"


def server():
    config = IdPConfig()
    config.load(
        {
            "entityid": f"{here}/metadata",
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{here}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_BASIC}},
                    "sign_assertion": True,
                    "sign_response": False,
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                }
            },
            "metadata": {"local": [metadata]},
            "key_file": key,
            "cert_file": certificate,
            "xmlsec_binary": xmlsec,
            "allow_unknown_attributes": True,
        }
    )
    return Server(config=config)


idp = server()


def answer_to(request, person):
    parsed = idp.parse_authn_request(request, BINDING_HTTP_REDIRECT).message
    reply = idp.response_args(parsed, [BINDING_HTTP_POST])
    response = idp.create_authn_response(
        identity={"uid": person.split("@")[0], "eduPersonAffiliation": ["ops", "not a name"]},
        userid=person,
        name_id_policy=None,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=person),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": here},
        **{name: value for name, value in reply.items() if name in ("in_response_to", "destination", "sp_entity_id")},
        sign_assertion=True,
        sign_response=False,
    )
    return idp.apply_binding(BINDING_HTTP_POST, str(response), reply["destination"], "", response=True)["data"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
        if "person" in asked:
            return self.page(answer_to(asked["SAMLRequest"], asked["person"]))
        request = html.escape(asked.get("SAMLRequest", ""))
        self.page(
            f'<form><input type="hidden" name="SAMLRequest" value="{request}">'
            '<input id="person" name="person"><button>Log in</button></form>'
        )

    def page(self, text):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(text.encode() if isinstance(text, str) else text)

    def log_message(self, *_):
        pass


print("ready", flush=True)
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
