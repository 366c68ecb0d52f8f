"""Digests of the texts that students receive. Written by `python -m authoring build`."""

DIGESTS = frozenset(
    {
        # README.md
        "7c23eaa18ec04c5e4d015b689c19a2b17afcd2c8b1676711d02d31dcdf233819",
        # main.ipynb
        "6f596c055f0d9e3019b0a4c9407ef31f33960fe53c6e91f408ecd137f26742f9",
        # extensions.ipynb
        "0ae09fa369d76deb60a5515cb3abb37c024596c0e9ce94c722143ecdaf2ef327",
        # data/README.md
        "05483410ff86755a1ae1f90dc12f68cb0629d54d51357a0d555d0dfb971ff4af",
        # docs/student.md
        "2393adbed0d59daa3a0a09fa901fadc2e5731f73722a98ea758b74ab87f0a8a5",
        # docs/handout.md
        "a0730300385e4f20be567a49dcd34f78c73fd751f1dd02379e26cad3ce908837",
        # authoring/release/handed_out/AGENTS.md
        "76dc7c19ac83bc697b3532267a2305ad33761404c503966477286fc2e3fe0c23",
    }
)
