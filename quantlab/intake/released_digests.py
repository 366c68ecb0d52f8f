"""Digests of the texts that students receive. Written by `python -m authoring build`."""

DIGESTS = frozenset(
    {
        # README.md
        "7c23eaa18ec04c5e4d015b689c19a2b17afcd2c8b1676711d02d31dcdf233819",
        # main.ipynb
        "0fda1ba3d3580af3c778f47ea3d51e0681ed1aaf1b70a730d8879a8ca1bcab93",
        # extensions.ipynb
        "0ae09fa369d76deb60a5515cb3abb37c024596c0e9ce94c722143ecdaf2ef327",
        # data/README.md
        "05483410ff86755a1ae1f90dc12f68cb0629d54d51357a0d555d0dfb971ff4af",
        # docs/student.md
        "9bfe83b67a625e482c94259f4c733ee89918b1100f716e58f1cc1802b7bd2dd7",
        # docs/handout.md
        "08892930e028bc62f60003fcc32a2af9538d25f7639bc5301a72d3bc822db1b7",
        # authoring/release/handed_out/AGENTS.md
        "76dc7c19ac83bc697b3532267a2305ad33761404c503966477286fc2e3fe0c23",
    }
)
