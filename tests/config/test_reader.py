"""Configuration files: strict YAML, all problems at once, each where it stands."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from srtui.config.profile import Profile
from srtui.config.project import Project, SyntheticPictures
from srtui.config.reader import changed, from_plain, read_yaml, to_plain, to_yaml
from srtui.errors import ConfigurationError, UsageError


def read(tmp_path: Path, text: str, section: type = Project) -> object:
    path = tmp_path / "project.yml"
    path.write_text(dedent(text), encoding="utf-8")
    return read_yaml(path, section)


def problems(tmp_path: Path, text: str, section: type = Project) -> list[tuple[int, int, str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text, section)
    assert caught.value.exit_code == 2
    return [(each.line, each.column, each.key, each.fact) for each in caught.value.problems]


def test_a_whole_project_is_read(tmp_path: Path) -> None:
    project = read(
        tmp_path,
        """
        version: 1
        scale: 4
        sources:
          - folder: Фото с отпуска
          - synthetic: {pictures: 20, seed: 1}
          - pairs: {gt: a, lq: b}
        footage: [{video: tapes/holiday.avi}]
        training: {profile: fast, iterations: 1000}
        restore: [{input: a.png, output: b.png}]
        """,
    )
    assert isinstance(project, Project)
    assert isinstance(project.sources[1], SyntheticPictures)
    assert project.sources[1].synthetic.pictures == 20
    assert project.prepare.multiple == 16


def test_all_problems_are_reported_at_once_where_they_stand(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        scale: 5
        sources:
          - folder: [1]
          - sintetic: {pictures: 200}
          - synthetic: {pictures: 0, sed: 3}
        prepare: {fit: cropp}
        training:
          profil: fast
        """,
    )
    assert found == [
        (1, 8, "scale", "5 is not allowed"),
        (3, 13, "sources.0.folder", "input should be a valid string, got [1]"),
        (4, 5, "sources.1", "its kind is not given"),
        (5, 27, "sources.2.synthetic.pictures", "0 is out of range"),
        (5, 30, "sources.2.synthetic.sed", "unknown key"),
        (6, 16, "prepare.fit", "'cropp' is not allowed"),
        (8, 3, "training.profil", "unknown key"),
    ]


def test_a_problem_is_drawn_with_line_caret_and_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "version: 1\ntraining:\n  profil: fast\n")
    assert str(caught.value) == "\n".join(
        [
            "error: training.profil: unknown key",
            f" --> {tmp_path}/project.yml:3:3",
            "  |",
            "3 |   profil: fast",
            "  |   ^^^^^^",
            "  = did you mean 'profile'? keys here: iterations, profile, seed, start",
        ]
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1.0e-4", 1e-4), (".5", 0.5), ("5e-1", 0.5), ("0.25", 0.25), ("1", 1.0)],
)
def test_numbers_are_numbers(tmp_path: Path, text: str, value: float) -> None:
    profile = read(tmp_path, f"name: a\nstages: [{{iterations: 010, optimizer: {{lr: {text}}}}}]\n", Profile)
    assert isinstance(profile, Profile)
    assert profile.stages[0].optimizer.lr == value
    assert profile.stages[0].iterations == 10, "010 is ten, not eight"


def test_on_and_off_are_words(tmp_path: Path) -> None:
    project = read(tmp_path, "degradation: on\ntraining: {profile: off}\n")
    assert isinstance(project, Project)
    assert (project.degradation, project.training.profile) == ("on", "off")


def test_a_key_given_twice_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, "scale: 2\nscale: 4\n") == [(2, 1, "scale", "key given twice")]


def test_tags_and_aliases_are_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, "degradation: !!python/object/apply:os.system [touch pwned]\n")
    assert found[0][3].startswith("the tag ")
    found = problems(tmp_path, "degradation: &a x\ntraining: {profile: *a}\n")
    assert found == [(1, 14, "training.profile", "aliases (*name) are not allowed")]


def test_a_billion_laughs_are_refused_quickly(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert all(fact for *_, fact in problems(tmp_path, "\n".join(rows)))


def test_deep_nesting_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    assert problems(tmp_path, "sources: " + "[" * 60 + "]" * 60 + "\n")
    assert problems(tmp_path, "sources: " + "[" * 5000 + "]" * 5000 + "\n")


@pytest.mark.parametrize("text", ["a: b: c\n", "a: [1\n", '"', "a: !<", "- \x07"])
def test_broken_yaml_is_located(tmp_path: Path, text: str) -> None:
    (line, column, _, fact) = problems(tmp_path, text)[0]
    assert line >= 1
    assert column >= 1
    assert fact.startswith("YAML syntax")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]\n", "just text\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="holds no keys"):
        read(tmp_path, text)


def test_missing_binary_and_giant_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "нет.yml"
    with pytest.raises(UsageError, match="No such file"):
        read_yaml(path, Project)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8 at byte 0"):
        read_yaml(path, Project)
    path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_yaml(path, Project)


def test_a_rule_between_keys_names_both(tmp_path: Path) -> None:
    assert problems(tmp_path, "scale: 4\nprepare: {multiple: 6}\n")[0][3] == (
        "prepare.multiple (6) must be a multiple of scale (4)"
    )


def test_what_a_command_changes_for_the_worse_is_told_without_a_line_of_a_file() -> None:
    with pytest.raises(ConfigurationError) as caught:
        changed(Project(), scale=3)
    assert str(caught.value).splitlines() == [
        "error: prepare.multiple (16) must be a multiple of scale (3)",
        " --> the command line",
    ]


def test_written_and_read_again_is_equal(tmp_path: Path) -> None:
    project = Project(scale=4, sources=(), degradation="a b: c # d", training=Project().training)
    for defaults in (True, False):
        path = tmp_path / "again.yml"
        path.write_text(to_yaml(project, defaults=defaults), encoding="utf-8")
        assert read_yaml(path, Project) == project
    assert from_plain(Project, to_plain(project), where="memory") == project
