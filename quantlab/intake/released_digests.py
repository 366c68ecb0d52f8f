"""Digests of the texts that students receive. Written by `python -m authoring build`."""

DIGESTS = frozenset(
    {
        # README.md
        "7cab9607d9de4a0e5729f9a1dd01d1c0bfa9bd57b6d97219dc095f02ea482462",
        # main.ipynb
        "3a75798c8f51fc66b55ccf723262f077745caa08e59840c92668fedce89998cf",
        # extensions.ipynb
        "0ae09fa369d76deb60a5515cb3abb37c024596c0e9ce94c722143ecdaf2ef327",
        # data/README.md
        "05483410ff86755a1ae1f90dc12f68cb0629d54d51357a0d555d0dfb971ff4af",
        # docs/student.md
        "802ce08a6e73daafe6f7e32d4d327deb3b4ea6b5e78a131179f5e40239bf1c1d",
        # docs/handout.md
        "a9423358624eac4599deecbea1addc42757ec2532f3155f9dc666af5bdb0b91c",
        # docs/glossary.md
        "43efa1870ae8240d3c58eb2ba4bf83b8a265e4977b75bd4650ed231c88adc483",
        # docs/reading-path.md
        "dcfd004a823160fbd0fa363b7dc32d60aaf40583dd8e484b9ad0405d758af618",
        # authoring/release/handed_out/AGENTS.md
        "76dc7c19ac83bc697b3532267a2305ad33761404c503966477286fc2e3fe0c23",
    }
)
