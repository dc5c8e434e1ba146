#!/usr/bin/env bash
# Makes one small change after another to a part of src/autoencoder_lab, in a clone of what is
# committed, and lists those that no test notices. It needs cosmic-ray (pipx install cosmic-ray).
#
#     tests/mutate.sh metrics                                     # against tests/metrics
#     tests/mutate.sh session/runner.py tests/session/test_runner.py  # against tests of one's choice
set -euo pipefail

part=${1:?say what to change, such as: tests/mutate.sh metrics}
shift
tests=${*:-tests/$part}
project=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
export PATH="$project/.venv/bin:$PATH"

git clone --quiet "$project" "$clone"
cd "$clone"
cat > mutants.toml <<TOML
[cosmic-ray]
module-path = "src/autoencoder_lab/$part"
test-command = "pytest --exitfirst --quiet $tests"
timeout = 300.0
distributor.name = "local"

# One other operator for each, of eleven.
[cosmic-ray.filters.operators-filter]
exclude-operators = [
    "core/Replace.+Operator_(?!Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul|BitOr_Sub|BitAnd_BitOr|Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Is_IsNot|IsNot_Is|USub_UAdd|Delete_)",
]
TOML
pytest --quiet $tests
cosmic-ray init mutants.toml mutants.sqlite
cr-filter-operators mutants.sqlite mutants.toml
cosmic-ray exec mutants.toml mutants.sqlite
cr-report --surviving-only --show-diff mutants.sqlite
