#!/bin/sh
# fetch.sh [DIRECTORY]: put the Socket.IO client of the dashboard page into DIRECTORY/vendor (beside this file), from its
# npm package at the version and checksum of package-lock.json. For development and for making a release; never runs on a
# GX. Nothing is done when it is there. node_modules/ stays for the tests that drive the server with the same client
# under node; a release leaves it out.
set -eu
HERE=$(dirname "$(readlink -f "$0")")
mkdir -p "${1:-$HERE}"
cd "${1:-$HERE}"
[ -f vendor/socket.io.min.js ] && cmp -s "$HERE/package-lock.json" vendor/package-lock.json && exit 0
# One at a time: tests, demo and release may all want it, and npm empties node_modules/ first.
if [ -z "${FETCH_LOCKED:-}" ] && command -v flock >/dev/null; then
    FETCH_LOCKED=1 exec flock "$HERE/package-lock.json" "$HERE/fetch.sh" "$PWD"
fi
command -v npm >/dev/null || { echo "fetch.sh: npm is needed once, to fetch the Socket.IO client of the page" >&2; exit 1; }
[ "$PWD" = "$HERE" ] || cp "$HERE/package.json" "$HERE/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund --silent
mkdir -p vendor
cp node_modules/socket.io-client/dist/socket.io.min.js vendor/
cp node_modules/socket.io-client/LICENSE vendor/LICENSE.socket.io-client
cp package-lock.json vendor/
