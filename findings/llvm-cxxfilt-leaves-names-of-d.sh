#!/usr/bin/env bash
# llvm-cxxfilt of Debian's llvm-19 (1:19.1.7) prints the names of D functions as they are, though LLVM has a demangler for D;
# c++filt of binutils 2.40 demangles them when it is told the language.
# Seen, for the destructor of std.stdio.File:
#   llvm-cxxfilt:      _D3std5stdio4File6__dtorMFZv
#   c++filt -s dlang:  std.stdio.File.~this()
# Exits 1 when llvm-cxxfilt prints another name. Needs apt's package lists, dpkg-deb and binutils.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q llvm-19 libllvm19 > /dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
version=$(dpkg-deb -f llvm-19_*.deb Version)
name=_D3std5stdio4File6__dtorMFZv
libraries=$(dirname "$(find root -name 'libLLVM*.so*' | head -1)")
found=$(LD_LIBRARY_PATH="$libraries" root/usr/lib/llvm-19/bin/llvm-cxxfilt "$name")
other=$(c++filt -s dlang "$name")
echo "llvm-cxxfilt $version: $found"
echo "$(c++filt --version | head -1): $other"
[ "$found" = "$name" ] && [ "$other" = 'std.stdio.File.~this()' ]
