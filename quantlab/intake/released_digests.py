"""Digests of the texts that students receive. Written by `python -m authoring build`."""

DIGESTS = frozenset(
    {
        # README.md
        "7cab9607d9de4a0e5729f9a1dd01d1c0bfa9bd57b6d97219dc095f02ea482462",
        # main.ipynb
        "33cf51ddc18a3dee3a720d19d7aea9511c3d3c249eab337b91066090dfeaf753",
        # extensions.ipynb
        "0ae09fa369d76deb60a5515cb3abb37c024596c0e9ce94c722143ecdaf2ef327",
        # data/README.md
        "05483410ff86755a1ae1f90dc12f68cb0629d54d51357a0d555d0dfb971ff4af",
        # docs/student.md
        "04515b02c21471541c8a81000dc578aef8143e80b01d2111cf4d4849b5bcc12b",
        # docs/handout.md
        "1c7f778b3d108c25df88f606b06c7803130ec43eac2a9ffa6425ce3d716e1f73",
        # authoring/release/handed_out/AGENTS.md
        "76dc7c19ac83bc697b3532267a2305ad33761404c503966477286fc2e3fe0c23",
    }
)
