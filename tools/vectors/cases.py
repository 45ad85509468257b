"""The rounds that the vectors show."""

CASES = [
    {
        "name": "01-three-parties",
        "description": "n = 3, b = 16, 5 elements; nobody drops out.",
        "roster": [0, 1, 2],
        "invited": [0, 1, 2],
        "bits": 16,
        "length": 5,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
    },
    {
        "name": "02-one-drops",
        "description": "n = 5, b = 32, 33 elements, c = 1; party 3 vanishes after its share. Minimum honest is 3.",
        "roster": [0, 1, 2, 3, 4],
        "invited": [0, 1, 2, 3, 4],
        "bits": 32,
        "length": 33,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 3,
        "drops": {3: "share"},
    },
    {
        "name": "03-recovery",
        "description": "n = 5 of a roster of 6, b = 64; party 1 vanishes after its share, party 4 after its agreement: "
        "b of 4 and q of 1 are recovered, and the vault of 1 for 4 gives their seed.",
        "roster": [0, 1, 2, 3, 4, 5],
        "invited": [0, 1, 2, 3, 4],
        "bits": 64,
        "length": 9,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
        "drops": {1: "share", 4: "agree"},
    },
    {
        "name": "04-disputed-pair",
        "description": "Parties 0, 2, 5 and 9, b = 13, 7 elements (5 padding bits); corrupt party 5 commits to another seed for "
        "its pair with 2 (and puts it in its vault). Both leave the mask of the pair out.",
        "roster": [0, 2, 5, 9],
        "invited": [0, 2, 5, 9],
        "bits": 13,
        "length": 7,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
        "corrupt": {5: 2},
    },
    {
        "name": "05-dropouts-everywhere",
        "description": "n = 7, b = 40; party 6 declines, party 2 vanishes after its advertisement, "
        "party 0 after its share, party 4 after its agreement. The query asks for 4 survivors.",
        "roster": [0, 1, 2, 3, 4, 5, 6],
        "invited": [0, 1, 2, 3, 4, 5, 6],
        "bits": 40,
        "length": 11,
        "c": 1,
        "min_survivors": 3,
        "query_survivors": 4,
        "min_honest": 2,
        "declines": {6: "POLICY"},
        "drops": {2: "advertise", 0: "share", 4: "agree"},
    },
    {
        "name": "06-pre-shared-key",
        "description": "n = 3, b = 48; the parties 0 and 2 hold a pre-shared key.",
        "roster": [0, 1, 2],
        "invited": [0, 1, 2],
        "bits": 48,
        "length": 5,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
        "pre_shared": [(0, 2)],
    },
    {
        "name": "07-disputed-and-dropped",
        "description": "n = 6, b = 8, c = 1; corrupt party 1 commits to another seed for its pair with 3 and vanishes "
        "after its share; party 3 vanishes after its agreement: b of 3 is recovered, without 1, and q of 1 is not asked for, since no mask needs what its vault holds.",
        "roster": [1, 2, 3, 4, 7, 8],
        "invited": [1, 2, 3, 4, 7, 8],
        "bits": 8,
        "length": 3,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
        "corrupt": {1: 3},
        "drops": {1: "share", 3: "agree"},
    },
    {
        "name": "08-bad-dealing",
        "description": "n = 8, b = 16, c = 1; corrupt party 0 seals for 1 what does not open and for 3 what does not fit its commitment. Both complain, "
        "0 is out of U3 though its vector came, party 4 vanishes after its agreement: b of 4 and, without shares of 1 and 3, q of 0 are recovered.",
        "roster": [0, 1, 2, 3, 4, 5, 6, 7],
        "invited": [0, 1, 2, 3, 4, 5, 6, 7],
        "bits": 16,
        "length": 3,
        "c": 1,
        "min_survivors": 3,
        "min_honest": 2,
        "bad": {0: {1: "does not open", 3: "does not fit"}},
        "drops": {4: "agree"},
    },
]

# One large round, of which only digests are published: parties are 3i + 1, so that an index is not a place.
SPARSE = {
    "name": "sparse-round",
    "description": "n = 132 of 133 on the sparse graph, b = 24, 3 elements, c = 2, 10 % dropouts expected: one declines, two vanish after their advertisement, "
    "three after their share, two after their agreement.",
    "roster": [3 * i + 1 for i in range(133)],
    "invited": [3 * i + 1 for i in range(133)],
    "bits": 24,
    "length": 3,
    "c": 2,
    "min_survivors": 3,
    "min_honest": 2,
    "sparse": 100,
    "declines": {391: "POLICY"},
    "drops": {1: "advertise", 100: "advertise", 40: "share", 202: "share", 397: "share", 61: "agree", 301: "agree"},
}

for case in [*CASES, SPARSE]:
    case["seed"] = "secagg test vector " + case["name"]
