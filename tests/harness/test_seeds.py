from harness.seeds import derive, episode_seed

EXPECTED = (913791900, 1601648662)


def test_seeds_are_public_and_never_change():
    assert episode_seed("quickstart", "1", "babyai/goto", 0) == EXPECTED[0]
    assert episode_seed("quickstart", "1", "babyai/goto", 1) == EXPECTED[1]


def test_seeds_differ_by_everything_that_names_an_episode():
    names = [("s", "1", "t"), ("s", "2", "t"), ("s", "1", "u"), ("r", "1", "t")]
    seeds = {episode_seed(*name, index) for name in names for index in range(200)}
    assert len(seeds) == 800
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_derived_seeds_depend_on_every_part():
    assert len({derive(1, "a", 1), derive(1, "a", 2), derive(2, "a", 1), derive(1, "b", 1)}) == 4
