// What was chosen or dropped, as photos to send: folders are looked through, and what is no photo is named.

// What systems put into folders by themselves.
const isHidden = (name) => name.startsWith(".") || /^(thumbs\.db|desktop\.ini)$/i.test(name);
// A file without an extension has no type here: the service looks into it.
const isPhoto = (file) => file.type.startsWith("image/") || (file.type === "" && !file.name.includes("."));

// A folder tells what is in it in parts, until one is empty.
async function within(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return entries.sort((a, b) => a.name.localeCompare(b.name));
    entries.push(...some);
  }
}

async function read(entry, files, unreadable) {
  if (isHidden(entry.name)) return;
  try {
    if (entry.isDirectory) for (const inner of await within(entry)) await read(inner, files, unreadable);
    else files.push(await new Promise((done, failed) => entry.file(done, failed)));
  } catch {
    unreadable.push(entry.name);
  }
}

// Of a drop, subfolders included.
export async function dropped(transfer) {
  // All at once: after the event there is nothing in the transfer any more.
  const all = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const [files, unreadable] = [[], []];
  for (const one of all) {
    if (one instanceof File) files.push(one);
    else if (one) await read(one, files, unreadable);
  }
  return sorted(files, unreadable);
}

// Of a field.
export function sorted(files, unreadable = []) {
  const seen = [...files].filter((file) => !(file.webkitRelativePath || file.name).split("/").some(isHidden));
  return { photos: seen.filter(isPhoto), others: seen.filter((file) => !isPhoto(file)).map((file) => file.name), unreadable };
}

const NAMED = 5;
const named = (names) =>
  names.length > NAMED ? `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more` : names.join(", ");

// What was left out, in words; nothing if all were taken.
export function leftOut({ photos, others, unreadable }) {
  const said = [];
  if (others.length === 1) said.push(`1 file is no photo and was left out: ${others[0]}.`);
  if (others.length > 1) said.push(`${others.length} files are no photos and were left out: ${named(others)}.`);
  if (unreadable.length > 0) said.push(`This browser could not read ${named(unreadable)}.`);
  if (said.length === 0 && photos.length === 0) said.push("There were no photos in it.");
  return said.join(" ");
}
