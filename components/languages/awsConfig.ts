import { type Text, wordsOf } from "./text";

const { text } = wordsOf<"aws.config">();

/** Configuration of the AWS command line: buckets as part of the path, or as it chooses. */
export const awsConfig = (pathStyle: boolean): Text<"aws.config"> =>
    pathStyle
        ? text`[default]\ns3 =\n    addressing_style = path\n`
        : text`[default]\ns3 =\n    addressing_style = auto\n`;
