#!/bin/sh
# Backups in object storage: objects below PREFIX/NAME/. An object appears whole or not at all, and the manifest, which
# makes the others count, comes last.

export AWS_CONFIG_FILE="$here/aws.config" AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
# Servers other than AWS may refuse the checksums that newer clients add of their own accord.
export AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required

s3() { aws --endpoint-url "$S3_ENDPOINT" s3 "$@"; }
s3api() { aws --endpoint-url "$S3_ENDPOINT" s3api "$@"; }
place() { printf 's3://%s/%s/%s' "$S3_BUCKET" "$S3_PREFIX" "$1"; }

publish() {
    s3 cp --only-show-errors --recursive --exclude manifest "$part/" "$(place "$name/")" || fail "$name could not be stored"
    s3api list-objects-v2 --bucket "$S3_BUCKET" --prefix "$S3_PREFIX/$name/" --query 'Contents[].[Key,Size]' --output text >"$WORK/stored" ||
        fail "$name cannot be listed"
    for path in "$part"/*; do
        file=${path##*/}
        [ "$file" = manifest ] || grep -qxF "$S3_PREFIX/$name/$file	$(size "$path")" "$WORK/stored" ||
            fail "$file is not stored with all of its $(size "$path") bytes"
    done
    s3 cp --only-show-errors "$part/manifest" "$(place "$name/manifest")" || fail "the manifest of $name could not be stored"
    rm -rf "$part"
}
# What is below the prefix, as lines NAME/FILE of a file: one look, so that nothing is judged by two.
look() {
    s3api list-objects-v2 --bucket "$S3_BUCKET" --prefix "$S3_PREFIX/" --query 'Contents[].Key' --output text >"$WORK/keys" ||
        fail "the bucket $S3_BUCKET cannot be listed"
    tr '\t' '\n' <"$WORK/keys" | cut -c "$((${#S3_PREFIX} + 2))-" | sed -n '/^[^/]*\/[^/]*$/p' >"$WORK/objects"
}
names() {
    cut -d / -f 1 <"$WORK/objects" | sort -u | while read -r entry; do
        if is_name "$entry"; then say "$entry"; fi
    done
}
complete_ones() {
    look
    names | while read -r entry; do
        # Whoever deletes by age and object may have left the manifest alone.
        if grep -qxF "$entry/manifest" "$WORK/objects" && grep -q "^$entry/database\." "$WORK/objects"; then say "$entry"; fi
    done
}
# Without its manifest it does not count any more.
delete() {
    s3 rm --only-show-errors "$(place "$1/manifest")" &&
        s3 rm --only-show-errors --recursive "$(place "$1/")"
}
# What broken-off runs have left: they never got their manifest.
sweep() {
    names >"$WORK/names"
    while read -r entry; do
        if is_over "$entry" && ! grep -qxF "$entry" "$WORK/complete"; then
            s3 rm --only-show-errors --recursive "$(place "$entry/")" || continue
            say "$entry: was broken off, and its remains are removed"
        fi
    done <"$WORK/names"
    # Parts of uploads that were killed are no objects, but cost. MinIO does not list them by folder.
    s3api list-multipart-uploads --bucket "$S3_BUCKET" --query 'Uploads[].[Key,UploadId]' --output text >"$WORK/uploads" 2>/dev/null || return 0
    while read -r key upload; do
        entry=${key#"$S3_PREFIX"/}
        entry=${entry%%/*}
        case $key in "$S3_PREFIX/$entry"/*) ;; *) continue ;; esac
        if is_name "$entry" && is_over "$entry"; then
            s3api abort-multipart-upload --bucket "$S3_BUCKET" --key "$key" --upload-id "$upload" || continue
        fi
    done <"$WORK/uploads"
}

list() {
    complete_ones >"$WORK/complete"
    names >"$WORK/names"
    s3 cp --only-show-errors --recursive --exclude '*' --include '*/manifest' "$(place "")" "$WORK/manifests/" || fail "the manifests cannot be read"
    while read -r entry; do
        if grep -qxF "$entry" "$WORK/complete"; then
            describe "$entry" "$WORK/manifests/$entry/manifest"
        else
            say "backup	$entry	incomplete"
        fi
    done <"$WORK/names"
}
# Leaves the folder's path in `found`.
fetch() {
    complete_ones >"$WORK/complete"
    grep -qxF "$BACKUP" "$WORK/complete" || fail "there is no backup $BACKUP"
    found=$WORK/found
    s3 cp --only-show-errors --recursive "$(place "$BACKUP/")" "$found/" || fail "$BACKUP cannot be read"
}
