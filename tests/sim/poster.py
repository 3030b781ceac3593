"""A camera that posts: JSON, XML or multipart, with a password or without."""

import http.client
import json
import urllib.error
import urllib.request

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 64


class Digest(urllib.request.HTTPDigestAuthHandler):
    def get_algorithm_impls(self, algorithm):
        return super().get_algorithm_impls(algorithm.upper())


class Poster:
    def __init__(self, port, path, user=None, password=None, digest=True, tls=None):
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port}{path}"
        handlers = [urllib.request.HTTPSHandler(context=tls)] if tls else []
        if user:
            keys = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            keys.add_password(None, self.url, user, password)
            handler = Digest if digest else urllib.request.HTTPBasicAuthHandler
            handlers.append(handler(keys))
        self.heard = None  # the body of the last good answer
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)

    def post(self, body, content_type="application/json", method="POST", **headers):
        """The status; 0: there was no answer."""
        body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(self.url, data=body, method=method, headers=headers | {"Content-Type": content_type})
        try:
            with self.opener.open(request, timeout=60) as answer:
                self.heard = answer.read()
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except (OSError, http.client.HTTPException):
            return 0

    def post_parts(self, *parts, boundary="boundary", end=b"\r\n", given=None):
        """Each part: (its headers, its body). given: the boundary as the header has it."""
        lines = b""
        for headers, body in parts:
            lines += b"--" + boundary.encode() + end + headers + end + end + body + end
        lines += b"--" + boundary.encode() + b"--" + end
        return self.post(lines, f"multipart/form-data; boundary={given or boundary}")
