"""Digests of the texts that students receive. Written by `python -m authoring build`."""

DIGESTS = frozenset(
    {
        # README.md
        "5cec5cc69845cdf0306b56520bb2c61decdc61b9c14511395918eb122b066f05",
        # main.ipynb
        "9127bf11107a3ec2434f0cd852320ac5c0e64f05512af32d4f300514cf086339",
        # extensions.ipynb
        "0ae09fa369d76deb60a5515cb3abb37c024596c0e9ce94c722143ecdaf2ef327",
        # data/README.md
        "05483410ff86755a1ae1f90dc12f68cb0629d54d51357a0d555d0dfb971ff4af",
        # docs/student.md
        "1a43e22b043416ba6a9b544969fc512e2257f58b317d3ddb108229205fc48116",
        # docs/handout.md
        "473c113f8a3d807bb88bd32d6ffaf9b1b97a6ba7558d0e36357daa21b7ad9d5b",
        # docs/glossary.md
        "867b9a9e27a14aaa3179f27f2863c2bab655604464eb86b4051a8696359e95b8",
        # docs/reading-path.md
        "dcfd004a823160fbd0fa363b7dc32d60aaf40583dd8e484b9ad0405d758af618",
        # authoring/release/handed_out/AGENTS.md
        "76dc7c19ac83bc697b3532267a2305ad33761404c503966477286fc2e3fe0c23",
    }
)
