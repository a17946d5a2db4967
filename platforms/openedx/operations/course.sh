# Imports a course from a Git repository: REPOSITORY BRANCH FOLDER; an empty folder means the only one with a course.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet --depth 1 --branch "$2" -- "$1" "$work/source"
folder=$3
if [ -z "$folder" ]; then
    # Of a course and its own part of that name, the outer one.
    found=$(cd "$work/source" && find . -name course.xml | sed 's|/course.xml$||; s|^\./||' | sort | awk 'NR == 1 || index($0, last "/") != 1 { print; last = $0 }')
    if [ "$(printf '%s\n' "$found" | grep -c .)" -ne 1 ]; then
        echo "The repository has no course, or several; name its folder: $(printf '%s' "$found" | tr '\n' ' ')" >&2
        exit 1
    fi
    folder=$found
fi
./manage.py cms import "$work/source" "$folder"
